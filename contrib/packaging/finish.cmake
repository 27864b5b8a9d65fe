# Run by cpack over what `cmake --install` has laid: makes it what a package wants, which is compressed manuals, the configuration at its
# place, and for Debian the copyright and the changelog where they are looked for.
if(NOT CPACK_MXPULL_PREFIX STREQUAL "/usr")
    message(FATAL_ERROR "The paths in units and manuals are those of ${CPACK_MXPULL_PREFIX}: configure with -DCMAKE_INSTALL_PREFIX=/usr")
endif()
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(doc "${root}/usr/share/doc/mxpull")

# run(COMMAND…): it must succeed.
function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(install -D -m 640 "${CPACK_MXPULL_SOURCE}/etc/mxpull.conf" "${root}/etc/mxpull.conf")
file(GLOB manuals "${root}/usr/share/man/man*/*")
run(gzip -9n ${manuals})
if(CPACK_GENERATOR STREQUAL "DEB")
    file(RENAME "${doc}/LICENSE" "${doc}/copyright")
    run(sh "${CMAKE_CURRENT_LIST_DIR}/changelog.sh" "${doc}/NEWS" "${CPACK_PACKAGE_CONTACT}"
        OUTPUT_FILE "${doc}/changelog.Debian")
    run(gzip -9n "${doc}/changelog.Debian")
    run(install -D -m 644 "${CMAKE_CURRENT_LIST_DIR}/debian/lintian-overrides" "${root}/usr/share/lintian/overrides/mxpull")
endif()
