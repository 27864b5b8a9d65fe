# Finds jansson and offers it as Jansson::Jansson.
include(MxpullFind)
mxpull_find(Jansson jansson jansson.h jansson)
