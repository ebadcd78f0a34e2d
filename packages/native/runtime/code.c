/* Where a library's code is: its own, and that of libraries which came with it and leave with it. */
#include <dlfcn.h>
#include <link.h>

#include "runtime.h"

static bool is_nodelete(const struct dl_phdr_info *info) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_FLAGS_1) return entry->d_un.d_val & DF_1_NODELETE;
    }
    return false;
}

typedef struct {
    fl_library *library;
    uintptr_t base;
    bool found;
} search;

/* Called in the order of loading: behind the library are those that it brought, and whatever another thread has loaded
 * since, which does no harm. */
static int note(struct dl_phdr_info *info, size_t size, void *arg) {
    (void)size;
    search *of = arg;
    fl_library *library = of->library;
    of->found = of->found || info->dlpi_addr == of->base;
    if (!of->found || is_nodelete(info)) return 0;
    for (int i = 0; i < info->dlpi_phnum && library->code_count < FL_CODE_MAX; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        uintptr_t from = info->dlpi_addr + part->p_vaddr;
        library->code[library->code_count++] = (fl_code){from, from + part->p_memsz};
    }
    return 0;
}

/* Just after it was opened. */
void fl_code_note(fl_library *library) {
    struct link_map *map;
    if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) != 0) return;
    dl_iterate_phdr(note, &(search){.library = library, .base = map->l_addr});
}
