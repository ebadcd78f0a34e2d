/* What is at an address: dladdr(3), but without the dynamic linker's lock, which another thread may hold for as long as
 * a constructor takes; and where glibc can't do that (before 2.35), dladdr(3). */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>

#include "runtime.h"

/* struct dl_find_object of glibc's <dlfcn.h>, as far as it is of use. */
typedef struct {
    unsigned long long flags;
    char *start, *end;
    struct link_map *map;
    uint64_t rest[16];
} object;

static int (*find_object)(void *, object *);

void fl_symbols_start(void) { *(void **)&find_object = dlsym(RTLD_DEFAULT, "_dl_find_object"); }

/* With it libgcc's unwinder takes no lock either. */
bool fl_symbols_lockless(void) { return find_object != NULL; }

/* The dynamic linker has added the base, unless the section can't be written. */
static const void *at(const object *from, ElfW(Addr) address) {
    return (const void *)(address < (uintptr_t)from->start ? from->map->l_addr + address : address);
}

/* DT_GNU_HASH has no number of symbols: behind the last bucket's chain they end. */
static uint32_t count_hashed(const uint32_t *hash) {
    uint32_t bucket_count = hash[0], first = hash[1], bloom_count = hash[2];
    const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)(hash + 4) + bloom_count);
    const uint32_t *chains = buckets + bucket_count;
    uint32_t last = 0;
    for (uint32_t i = 0; i < bucket_count; i++)
        if (buckets[i] > last) last = buckets[i];
    if (last < first) return first;
    while (!(chains[last - first] & 1)) last++;
    return last + 1;
}

static void find_name(const object *in, uintptr_t address, fl_symbol *found) {
    const ElfW(Sym) *symbols = NULL, *best = NULL;
    const char *names = NULL;
    uint32_t count = 0;
    for (const ElfW(Dyn) *entry = in->map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB) symbols = at(in, entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) names = at(in, entry->d_un.d_ptr);
        if (entry->d_tag == DT_HASH) count = ((const uint32_t *)at(in, entry->d_un.d_ptr))[1];
        if (entry->d_tag == DT_GNU_HASH && !count) count = count_hashed(at(in, entry->d_un.d_ptr));
    }
    if (!symbols || !names) return;
    uintptr_t offset = address - in->map->l_addr;
    for (const ElfW(Sym) *symbol = symbols; symbol < symbols + count; symbol++) {
        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) == STT_TLS) continue;
        size_t size = symbol->st_size ? symbol->st_size : 1;
        if (offset < symbol->st_value || offset - symbol->st_value >= size) continue;
        if (!best || symbol->st_value > best->st_value) best = symbol;
    }
    if (!best) return;
    found->name = names + best->st_name;
    found->start = in->map->l_addr + best->st_value;
}

/* False: no library is there. Its texts are valid while the library is loaded. Any thread, signal handlers too where
 * fl_symbols_lockless. */
bool fl_symbol_find(const void *address, fl_symbol *found) {
    *found = (fl_symbol){0};
    if (!find_object) {
        Dl_info info;
        if (!dladdr(address, &info) || !info.dli_fname) return false;
        *found = (fl_symbol){info.dli_fname, (uintptr_t)info.dli_fbase, info.dli_sname, (uintptr_t)info.dli_saddr};
        return true;
    }
    object in;
    if (find_object((void *)address, &in) != 0) return false;
    const char *path = in.map->l_name;
    found->library = *path ? path : program_invocation_name;
    found->base = (uintptr_t)in.start;
    find_name(&in, (uintptr_t)address, found);
    return true;
}
