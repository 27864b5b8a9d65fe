#ifndef MXPULL_BASE_GRADE_H
#define MXPULL_BASE_GRADE_H

/* How an answer counts. */
enum grade {
    GRADE_GOOD,
    GRADE_HELD,      /* not asked: says nothing about the backup, and leaves its streak alone */
    GRADE_TEMPORARY, /* may go well later */
    GRADE_BAD
};

#endif
