/* Externrefs in wasm frames: deferred reference counting.

   Moving a reference between locals, operands and calls counts nothing. What enters frames goes into the store's activations
   table, which owns one count of each object in it: more than frames hold now, never less. A collection walks the
   frames, reads the slots that the stack maps of their call sites list, and gives up the difference. It frees nothing on a guess: a
   frame without a site or a broken chain ends it without effect.

   Maps are true at call sites. Elsewhere references are in registers and C variables (polls, lazy compilation, between
   the conversions of two values); there `no_gc` is not 0, and a collection that is asked for happens at the next chance. */
#include "runtime.h"

static bool stress; /* collect wherever that is allowed */

/* ---- sets of objects: open addressing; slots is NULL while nothing was put in ---- */
/* The object's slot, or the free one where it belongs. The table is never full. */
static PyObject **slot_of(const ActivationsTable *table, PyObject *object) {
    size_t i = (size_t)((((uintptr_t)object >> 4) * 0x9E3779B97F4A7C15u) >> 20) & table->mask;
    while (table->slots[i] != NULL && table->slots[i] != object) i = (i + 1) & table->mask;
    return &table->slots[i];
}

static bool contains(const ActivationsTable *table, PyObject *object) {
    return table->slots != NULL && *slot_of(table, object) != NULL;
}

/* 1 if it is new, 0 if it was there, -1 without memory. */
static int insert(ActivationsTable *table, PyObject *object) {
    if (table->slots == NULL || table->used * 2 >= table->mask) {
        ActivationsTable larger = {.mask = table->slots == NULL ? 2 * GC_THRESHOLD - 1 : 2 * table->mask + 1};
        if ((larger.slots = PyMem_Calloc(larger.mask + 1, sizeof *larger.slots)) == NULL) return -1;
        for (size_t i = 0; larger.used < table->used; i++)
            if (table->slots[i] != NULL) {
                *slot_of(&larger, table->slots[i]) = table->slots[i];
                larger.used++;
            }
        PyMem_Free(table->slots);
        *table = larger;
    }
    PyObject **slot = slot_of(table, object);
    if (*slot != NULL) return 0;
    *slot = object;
    table->used++;
    return 1;
}

int tp_externref_enter(Store *store, PyObject *object) {
    int added = object == NULL ? 0 : insert(&store->externrefs, object);
    if (added < 0) return tp_no_memory();
    if (added > 0) Py_INCREF(object);
    store->externref_increments += (uint64_t)added;
    return 0;
}

/* ---- collection ---- */
bool tp_externref_mark(Store *store, PyObject *object) {
    if (object == NULL) return true;
    if (contains(&store->externrefs, object)) return insert(&store->marked, object) >= 0;
    store->gc_strays++; /* a bug in a stack map, or of what should have entered: there is no count to keep */
    return true;
}

void tp_gc(Store *store) {
    if (store->depth != 0 && store->owner != &tp_thread) return; /* its frames are changing */
    tp_gil_take(store);
    if (store->no_gc != 0) {
        store->gc_deferred++;
        store->gc_threshold = 0;
        return;
    }
    bool complete = tp_mark_frames(store);
    ActivationsTable all = store->externrefs, live = store->marked;
    /* Twice what stays, so that many live references do not make the work quadratic. */
    uint64_t next = 2 * (complete ? live.used : all.used);
    store->gc_threshold = stress ? 0 : next > GC_THRESHOLD ? next : GC_THRESHOLD;
    store->marked = (ActivationsTable){0};
    if (!complete) {
        PyMem_Free(live.slots);
        if (store->gc_skipped++ == 0 &&
            PyErr_WarnEx(PyExc_RuntimeWarning, "externrefs are not collected: a wasm frame has no stack map", 1) < 0)
            PyErr_WriteUnraisable(NULL);
        return;
    }
    for (size_t i = 0; all.slots != NULL && i <= all.mask; i++)
        if (all.slots[i] != NULL && contains(&live, all.slots[i])) all.slots[i] = NULL;
    store->externrefs = live;
    store->gc_collections++;
    store->gc_table = all.used;
    store->gc_live = live.used;
    store->externref_decrements += all.used - live.used;
    /* Last: finalizers may use the store, and collect. */
    for (size_t i = 0; all.slots != NULL && i <= all.mask; i++) Py_XDECREF(all.slots[i]);
    PyMem_Free(all.slots);
}

/* For tests: whether stores collect wherever they may; from their next collection on, which is the first thing they do. */
PyObject *tp_debug_gc_stress(PyObject *Py_UNUSED(module), PyObject *on) {
    stress = PyObject_IsTrue(on) == 1;
    Py_RETURN_NONE;
}
