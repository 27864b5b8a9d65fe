/* glibc keeps freed memory for itself unless it lies at the heap's end; and the start of some thirty
 * libraries, which libcurl brings along, touches three times the code that is ever used again. Other C
 * libraries give memory back by themselves, or offer no way to ask for it. */
#define _GNU_SOURCE /* dl_iterate_phdr */

#include <mxpull/platform/resident.h>

#include <stdlib.h> /* says whether it is glibc */

#ifdef __GLIBC__

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whether the object's code was changed when it was loaded: then its pages are no longer those of
 * its file. */
static bool is_patched(const struct dl_phdr_info *object)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry =
            (const void *)(uintptr_t)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);

        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL)
                return true;
        }
    }
    return false;
}

/* Forgets the pages of segments that cannot be written to. */
static int forget_code(struct dl_phdr_info *object, size_t size, void *context)
{
    uintptr_t page = *(const uintptr_t *)context;

    (void)size;
    if (is_patched(object))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
            continue;
        uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
        uintptr_t end = begin + segment->p_memsz;

        begin &= ~(page - 1);
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void resident_trim(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)malloc_trim(0);
    (void)dl_iterate_phdr(forget_code, &page);
}

#else

void resident_trim(void)
{
}

#endif
