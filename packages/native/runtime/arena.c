/* A bump allocator in chunks. One thread uses it at a time, so it needs no lock. */
#include <stdlib.h>

#include "runtime.h"

#define ALIGN_MAX ((size_t)1 << 20)
#define ARENA_MAX ((size_t)1 << 30)  /* a request may hold at most this */
#define KEEP_MAX ((size_t)256 << 10) /* a chunk up to this survives the reset, so that steady work needs no malloc */

static fl_chunk *add_chunk(fl_arena *arena, size_t size) {
    if (size > ARENA_MAX || arena->held > ARENA_MAX - size) return NULL;
    fl_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk) return NULL;
    chunk->next = arena->chunk;
    chunk->size = size;
    chunk->used = 0;
    arena->chunk = chunk;
    arena->held += size;
    return chunk;
}

static char *bytes_of(fl_chunk *chunk) { return (char *)(chunk + 1); }

static void *take(fl_chunk *chunk, size_t len, size_t align) {
    uintptr_t base = (uintptr_t)bytes_of(chunk);
    uintptr_t at = (base + chunk->used + align - 1) & ~(uintptr_t)(align - 1);
    size_t from = at - base;
    if (from > chunk->size || len > chunk->size - from) return NULL;
    chunk->used = from + len;
    return (void *)at;
}

/* reserve: bytes held from the start and after each reset. */
bool fl_arena_init(fl_arena *arena, size_t reserve) {
    *arena = (fl_arena){.reserve = reserve};
    return reserve == 0 || add_chunk(arena, reserve);
}

/* align: a power of two. Gives NULL when memory is short or the request asked too much. */
void *fl_arena_alloc(fl_arena *arena, size_t len, size_t align) {
    if (align == 0 || (align & (align - 1)) || align > ALIGN_MAX || len > ARENA_MAX) return NULL;
    void *ptr = arena->chunk ? take(arena->chunk, len, align) : NULL;
    if (!ptr) {
        size_t twice = arena->chunk ? 2 * arena->chunk->size : 4096;
        size_t need = len + align;
        if (!add_chunk(arena, need > twice ? need : twice) && !add_chunk(arena, need)) return NULL;
        ptr = take(arena->chunk, len, align);
    }
    arena->asked += len;
    return ptr;
}

static bool is_last(const fl_chunk *chunk, const void *ptr, size_t len) {
    return chunk && (const char *)ptr + len == (const char *)(chunk + 1) + chunk->used;
}

/* Only the last allocation can grow in place; any can shrink. */
bool fl_arena_resize(fl_arena *arena, void *ptr, size_t old_len, size_t new_len) {
    fl_chunk *chunk = arena->chunk;
    bool last = is_last(chunk, ptr, old_len);
    if (new_len > old_len) {
        size_t more = new_len - old_len;
        if (!last || more > chunk->size - chunk->used) return false;
        chunk->used += more;
        arena->asked += more;
        return true;
    }
    if (last) chunk->used -= old_len - new_len;
    return true;
}

void fl_arena_free(fl_arena *arena, void *ptr, size_t len) {
    if (is_last(arena->chunk, ptr, len)) arena->chunk->used -= len;
}

/* The newest chunk is the largest: keep it alone, unless it is more than a thread should hold between requests. */
void fl_arena_reset(fl_arena *arena) {
    size_t keep_max = arena->reserve > KEEP_MAX ? arena->reserve : KEEP_MAX;
    fl_chunk *keep = NULL;
    for (fl_chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        if (!keep && chunk->size <= keep_max) {
            keep = chunk;
        } else {
            arena->held -= chunk->size;
            free(chunk);
        }
    }
    arena->chunk = keep;
    arena->asked = 0;
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
}

void fl_arena_destroy(fl_arena *arena) {
    for (fl_chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (fl_arena){0};
}
