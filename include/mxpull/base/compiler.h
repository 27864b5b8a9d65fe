#ifndef MXPULL_BASE_COMPILER_H
#define MXPULL_BASE_COMPILER_H

/* What the compiler is told about a function, where it understands it. */
#if defined(__MINGW32__)
#define PRINTF_LIKE(text, first) __attribute__((format(gnu_printf, text, first)))
#elif defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
