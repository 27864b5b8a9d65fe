# mxpull_find(NAME pkg-config-module header library): the body of a find module: finds the library, by its pkg-config file where there
# is one, and offers it as NAME::NAME. A macro, for find_package reads what it sets.
include(FindPackageHandleStandardArgs)

macro(mxpull_find name module header library)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(PC_${name} QUIET ${module})
    endif()
    find_path(${name}_INCLUDE_DIR ${header} HINTS ${PC_${name}_INCLUDE_DIRS})
    find_library(${name}_LIBRARY ${library} HINTS ${PC_${name}_LIBRARY_DIRS})
    mark_as_advanced(${name}_INCLUDE_DIR ${name}_LIBRARY)

    find_package_handle_standard_args(${name}
        REQUIRED_VARS ${name}_LIBRARY ${name}_INCLUDE_DIR VERSION_VAR PC_${name}_VERSION)
    if(${name}_FOUND AND NOT TARGET ${name}::${name})
        add_library(${name}::${name} UNKNOWN IMPORTED)
        set_target_properties(${name}::${name} PROPERTIES
            IMPORTED_LOCATION "${${name}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${${name}_INCLUDE_DIR}")
    endif()
endmacro()
