# MinGW-w64 on Linux: -DCMAKE_TOOLCHAIN_FILE=contrib/mingw/toolchain.cmake -DMXPULL_DEPENDENCIES=(where the superbuild has put its libraries).
# Programs that are built are run by wine.sh, with wine's files in the build folder.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

set(MXPULL_DEPENDENCIES "" CACHE PATH "The libraries that the superbuild in contrib/mingw has made")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MXPULL_DEPENDENCIES)
list(PREPEND CMAKE_PREFIX_PATH "${MXPULL_DEPENDENCIES}")

# Nothing of the machine that builds is found but its programs.
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 "${MXPULL_DEPENDENCIES}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} "${MXPULL_DEPENDENCIES}/lib/pkgconfig")

# Windows 10 on; printf as C has it, not as msvcrt.dll; all in one file, which imports nothing but the system's own DLLs.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -D__USE_MINGW_ANSI_STDIO=1 -ffunction-sections -fdata-sections")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -Wl,--gc-sections")

set(CMAKE_CROSSCOMPILING_EMULATOR env "WINEPREFIX=${CMAKE_BINARY_DIR}/wine" "${CMAKE_CURRENT_LIST_DIR}/wine.sh")
set(MXPULL_TESTS_START ${CMAKE_CROSSCOMPILING_EMULATOR} --start)
set(MXPULL_TESTS_STOP ${CMAKE_CROSSCOMPILING_EMULATOR} --stop)
