# Finds libconfuse and offers it as Confuse::Confuse.
include(MxpullFind)
mxpull_find(Confuse libconfuse confuse.h confuse)
