/* glibc keeps freed memory for itself unless it lies at the heap's end; and the start of some thirty
 * libraries, which libcurl brings along, touches three times the code that is ever used again. Other C
 * libraries give memory back by themselves, or offer no way to ask for it. */
#define _GNU_SOURCE /* dl_iterate_phdr */

#include <mxpull/platform/host.h>

#include <stdlib.h> /* says whether it is glibc */

#ifdef __GLIBC__

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* Gives back the pages of read-only segments, which come back from their files when they are used again. An object whose
 * code was changed when it was loaded is left alone. */
static int forget_code(struct dl_phdr_info *object, size_t size, void *context)
{
    const uintptr_t page = *(const uintptr_t *)context;

    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const ElfW(Dyn) *entry = (const void *)(uintptr_t)(object->dlpi_addr + segment->p_vaddr);

        for (; segment->p_type == PT_DYNAMIC && entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL)
                return 0;
        }
    }
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;

        begin &= ~(page - 1);
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
            (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void host_trim_memory(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)malloc_trim(0);
    (void)dl_iterate_phdr(forget_code, &page);
}

#else

void host_trim_memory(void)
{
}

#endif
