# Finds SQLite and offers it as Sqlite::Sqlite.
include(MxpullFind)
mxpull_find(Sqlite sqlite3 sqlite3.h sqlite3)
