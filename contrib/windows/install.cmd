@echo off
rem install.cmd [service]: puts mxpull.exe into %%ProgramFiles%%\mxpull and a configuration into %%ProgramData%%\mxpull if none is
rem there yet, and has it run: every four hours as a scheduled task, or, with the word "service", as a service. To be run as an
rem administrator; again after an update.
setlocal EnableExtensions DisableDelayedExpansion
set "here=%~dp0"
set "program=%ProgramFiles%\mxpull"
set "data=%ProgramData%\mxpull"
set "config=%data%\mxpull.conf"

rem A program that runs cannot be replaced.
mkdir "%program%" 2>nul
if exist "%program%\mxpull.exe" "%program%\mxpull.exe" service stop -q >nul 2>&1
copy /y "%here%mxpull.exe" "%program%\mxpull.exe" >nul
if errorlevel 1 goto failed
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

if /i "%~1"=="service" goto service
"%program%\mxpull.exe" task install -c "%config%"
if errorlevel 1 goto failed
goto installed

:service
"%program%\mxpull.exe" task remove -q >nul 2>&1
"%program%\mxpull.exe" service install -q -c "%config%"
if errorlevel 1 goto failed
if defined new goto installed
"%program%\mxpull.exe" service start
if errorlevel 1 goto failed

:installed
if not defined new exit /b 0
echo Now write your backup's host and your domains into
echo   %config%
echo and see whether all is well by
echo   "%program%\mxpull.exe" pull --dry-run
if /i "%~1"=="service" echo Then start the service by
if /i "%~1"=="service" echo   "%program%\mxpull.exe" service start
exit /b 0

:failed
echo mxpull is not installed, see above. This must be run as an administrator. 1>&2
exit /b 1
