@echo off
rem install.cmd [task | service | remove]: puts mxpull.exe into %%ProgramFiles%%\mxpull and a configuration into %%ProgramData%%\mxpull if
rem none is there yet, and has it run: every four hours as a scheduled task, or as a service. Without a word what is installed stays,
rem and is a task at first. To be run as an administrator; again when the configuration is written, and after an update.
setlocal EnableExtensions DisableDelayedExpansion
set "here=%~dp0"
set "program=%ProgramFiles%\mxpull"
set "data=%ProgramData%\mxpull"
set "config=%data%\mxpull.conf"
set "log=HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\mxpull"

set "how=%~1"
if /i "%how%"=="remove" goto remove
if /i "%how%"=="task" goto copy
if /i "%how%"=="service" goto copy
if not "%how%"=="" goto usage
set "how=task"
sc query mxpull >nul 2>&1
if not errorlevel 1 set "how=service"

:copy
rem A program that runs cannot be replaced: a service ends within seconds, a task may take longer.
mkdir "%program%" 2>nul
net stop mxpull >nul 2>&1
set "tries=0"
:again
copy /y "%here%mxpull.exe" "%program%\mxpull.exe" >nul
if not errorlevel 1 goto copied
set /a tries=tries+1
if "%tries%"=="30" goto failed
ping -n 2 127.0.0.1 >nul
goto again
:copied
for %%f in (README.txt LICENSE.txt) do if exist "%here%%%f" copy /y "%here%%%f" "%program%\%%f" >nul

rem The configuration may hold passwords: SYSTEM, the administrators and LocalService, as which mxpull runs, are let in, by their
rem numbers, for their names are others in each language. LocalService may write beside it, not change it.
mkdir "%data%" 2>nul
icacls "%data%" /inheritance:r /grant:r "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F" "*S-1-5-19:(OI)(CI)M" >nul
if errorlevel 1 goto failed
set "new="
if exist "%config%" goto configured
set "new=1"
copy "%here%mxpull.conf" "%config%" >nul
if errorlevel 1 goto failed
:configured
icacls "%config%" /setowner "*S-1-5-32-544" >nul
if errorlevel 1 goto failed
icacls "%config%" /inheritance:r /grant:r "*S-1-5-18:F" "*S-1-5-32-544:F" "*S-1-5-19:R" >nul
if errorlevel 1 goto failed
rem LocalService may not say where the Event Log finds mxpull's message.
reg add "%log%" /v EventMessageFile /d "%program%\mxpull.exe" /f >nul
reg add "%log%" /v TypesSupported /t REG_DWORD /d 7 /f >nul

rem Nothing runs before its configuration is written.
if defined new goto unwritten
"%program%\mxpull.exe" config -q -c "%config%"
if errorlevel 1 goto faulty
if /i "%how%"=="service" goto service

sc delete mxpull >nul 2>&1
schtasks /Create /TN mxpull /XML "%here%mxpull-task.xml" /F >nul
if errorlevel 1 goto failed
echo The task is installed.
exit /b 0

:service
schtasks /Delete /TN mxpull /F >nul 2>&1
sc query mxpull >nul 2>&1
if not errorlevel 1 goto created
sc create mxpull binPath= "\"%program%\mxpull.exe\" daemon -c \"%config%\"" start= auto obj= "NT AUTHORITY\LocalService" >nul
if errorlevel 1 goto failed
:created
rem A little after the others is no more than a favour to them. After a crash it starts again in 30 seconds.
sc config mxpull start= delayed-auto >nul 2>&1
sc description mxpull "Gets mail back from the backup MX hosts: asks them by a schedule, and when the own mail server is back." >nul
sc failure mxpull reset= 86400 actions= restart/30000 >nul
if errorlevel 1 goto failed
net start mxpull
if errorlevel 1 goto failed
echo The service is installed and starts with the system.
exit /b 0

:unwritten
echo Nothing runs yet. Now write your backup's host and your domains into
echo   %config%
echo see whether all is well by
echo   "%program%\mxpull.exe" pull --dry-run
echo and have it run by
echo   "%~f0" %how%
exit /b 0

:remove
net stop mxpull >nul 2>&1
sc delete mxpull >nul 2>&1
schtasks /Delete /TN mxpull /F >nul 2>&1
echo The service and the task are gone; "%program%" and "%data%" are still there.
exit /b 0

:faulty
echo The %how% is not installed: the configuration is wrong, see above. 1>&2
exit /b 78

:usage
echo install.cmd [task ^| service ^| remove] 1>&2
exit /b 64

:failed
echo mxpull is not installed, see above. This must be run as an administrator. 1>&2
exit /b 1
