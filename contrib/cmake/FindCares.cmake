# Finds c-ares and offers it as Cares::Cares. On Windows it is the static library.
include(MxpullFind)
mxpull_find(Cares libcares ares.h cares)
if(WIN32)
    set_target_properties(Cares::Cares PROPERTIES
        INTERFACE_COMPILE_DEFINITIONS CARES_STATICLIB INTERFACE_LINK_LIBRARIES "iphlpapi;ws2_32;advapi32")
endif()
