# Finds libidn2 and offers it as Idn2::Idn2.
include(MxpullFind)
mxpull_find(Idn2 libidn2 idn2.h idn2)
