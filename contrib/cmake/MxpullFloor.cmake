# mxpull_floor(NAME SOURCES files... [USES floors...] [LIBRARIES targets...])
#
# Makes the library mxpull_NAME from src/NAME. Each floor's headers are reached through an include root of their own, which
# holds nothing but mxpull/NAME: a source file sees the roots of its own floor and of the floors named after USES (and of
# those that they use). An include that points up the floors finds no file and does not compile.
function(mxpull_floor name)
    cmake_parse_arguments(floor "" "" "SOURCES;USES;LIBRARIES" ${ARGN})

    set(root "${CMAKE_BINARY_DIR}/floors/${name}")
    set(headers "${CMAKE_SOURCE_DIR}/include/mxpull/${name}")
    file(MAKE_DIRECTORY "${root}/mxpull")
    if(EXISTS "${headers}") # a floor with nothing above it has none
        file(CREATE_LINK "${headers}" "${root}/mxpull/${name}" RESULT failed SYMBOLIC)
        if(failed)
            file(COPY "${headers}" DESTINATION "${root}/mxpull")
        endif()
    endif()

    add_library(mxpull_${name} STATIC ${floor_SOURCES})
    target_include_directories(mxpull_${name} PUBLIC "${root}")
    list(TRANSFORM floor_USES PREPEND mxpull_)
    target_link_libraries(mxpull_${name} PUBLIC ${floor_USES} PRIVATE ${floor_LIBRARIES})
    mxpull_warnings(mxpull_${name})
endfunction()
