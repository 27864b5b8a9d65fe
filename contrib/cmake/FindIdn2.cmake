# Finds libidn2 and offers it as Idn2::Idn2.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(PC_Idn2 QUIET libidn2)
endif()
find_path(Idn2_INCLUDE_DIR idn2.h HINTS ${PC_Idn2_INCLUDE_DIRS})
find_library(Idn2_LIBRARY idn2 HINTS ${PC_Idn2_LIBRARY_DIRS})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Idn2 REQUIRED_VARS Idn2_LIBRARY Idn2_INCLUDE_DIR VERSION_VAR PC_Idn2_VERSION)

if(Idn2_FOUND AND NOT TARGET Idn2::Idn2)
    add_library(Idn2::Idn2 UNKNOWN IMPORTED)
    set_target_properties(Idn2::Idn2 PROPERTIES
        IMPORTED_LOCATION "${Idn2_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${Idn2_INCLUDE_DIR}")
endif()
mark_as_advanced(Idn2_INCLUDE_DIR Idn2_LIBRARY)
