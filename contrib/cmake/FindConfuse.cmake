# Finds libconfuse and offers it as Confuse::Confuse.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(PC_Confuse QUIET libconfuse)
endif()
find_path(Confuse_INCLUDE_DIR confuse.h HINTS ${PC_Confuse_INCLUDE_DIRS})
find_library(Confuse_LIBRARY confuse HINTS ${PC_Confuse_LIBRARY_DIRS})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Confuse REQUIRED_VARS Confuse_LIBRARY Confuse_INCLUDE_DIR VERSION_VAR PC_Confuse_VERSION)

if(Confuse_FOUND AND NOT TARGET Confuse::Confuse)
    add_library(Confuse::Confuse UNKNOWN IMPORTED)
    set_target_properties(Confuse::Confuse PROPERTIES
        IMPORTED_LOCATION "${Confuse_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${Confuse_INCLUDE_DIR}")
endif()
mark_as_advanced(Confuse_INCLUDE_DIR Confuse_LIBRARY)
