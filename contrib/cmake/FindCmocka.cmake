# Finds cmocka and offers it as Cmocka::Cmocka.
include(MxpullFind)
mxpull_find(Cmocka cmocka cmocka.h cmocka)
