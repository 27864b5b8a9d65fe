# toast.ps1: a toast on the desktop of Windows. Not tested on Windows.
#   on_failure = "powershell -NoProfile -ExecutionPolicy Bypass -File C:\\ProgramData\\mxpull\\toast.ps1"
# A service has no desktop: this is for a pull of the one who is logged in, by hand or by a task.
if (-not $env:MXPULL_EVENT -or -not $env:MXPULL_BACKUP) { Write-Error 'this is for on_failure, on_recovery, on_mail or on_drill'; exit 64 }
[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$lines = $toast.GetElementsByTagName('text')
[void]$lines.Item(0).AppendChild($toast.CreateTextNode("mxpull: $($env:MXPULL_EVENT): $($env:MXPULL_BACKUP) $($env:MXPULL_DOMAIN)"))
[void]$lines.Item(1).AppendChild($toast.CreateTextNode("$($env:MXPULL_OUTCOME) $($env:MXPULL_CODE) $($env:MXPULL_TEXT) $($env:MXPULL_ADVICE)"))
$sender = [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe')
$sender.Show([Windows.UI.Notifications.ToastNotification]::new($toast))
