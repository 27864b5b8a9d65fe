# Hardens what is built with optimisation: checked string functions, stack protectors, control-flow protection, addresses that are
# chosen at each start, and tables that cannot be written. What the compiler or the linker does not know is left out.
include(CheckCSourceCompiles)
include(CheckPIESupported)

set(probe "int main(int argc, char **argv) { char copy[8] = {0}; copy[argc & 7] = argv[0][0]; return copy[0]; }")

# A macro, for what is added holds for the folder that calls it. What programs need that are linked from it is in
# hardening_of_programs.
macro(mxpull_harden)
    if(NOT MXPULL_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
        check_pie_supported()
        set(CMAKE_POSITION_INDEPENDENT_CODE ON)
        add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
        set(flags -fstack-protector-strong -fcf-protection -Wl,-z,relro,-z,now)
        if(NOT WIN32) # MinGW's compiler says that it can, and breaks off at the first large frame
            list(APPEND flags -fstack-clash-protection)
        endif()
        foreach(flag IN LISTS flags)
            string(MAKE_C_IDENTIFIER "MXPULL_TAKES${flag}" is_known)
            set(CMAKE_REQUIRED_FLAGS "-Werror ${flag}")
            check_c_source_compiles("${probe}" ${is_known})
            unset(CMAKE_REQUIRED_FLAGS)
            if(${is_known} AND NOT flag MATCHES "^-Wl,")
                add_compile_options(${flag})
            endif()
            if(${is_known})
                list(APPEND hardening_of_programs ${flag})
            endif()
        endforeach()
    endif()
endmacro()
