# mxpull_warnings(TARGET): the warnings that our own code is free of.
function(mxpull_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
        -Wformat=2 -Wundef -Wvla -Wwrite-strings -Wcast-qual -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference)
    if(MXPULL_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
endfunction()
