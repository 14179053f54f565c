/* Internal header of the native runtime: structures shared by its files, and who owns what.

   store.c      StoreBase: owner lists, ids, entering and leaving, limiter, gc of externrefs
   code.c       CodeRegion, NativeModule: code memory, publishing, pc -> function, sites; fork
   trap.c       signals, alternate stacks, unwinding, stack walking, backtraces, poll, ticker, GIL policy
   call.c       asm stubs (entry, host call, builtin thunks), value conversion, FuncBase, CallerBase, Signature
   memory.c     linear memories, MemoryBase        table.c   tables, TableBase      global.c  globals, GlobalBase
   instance.c   VMContext, InstanceBase, segments  builtins.c  the helper table     module.c  module init, register()
   arch_x64.h   everything that names a register; another architecture adds its own

   "abi_generated.h" comes from taipan/abi by `python -m tools gen`. */
#ifndef TAIPAN_RUNTIME_H
#define TAIPAN_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi_generated.h"

typedef struct Store Store;       /* StoreBase's C part */
typedef struct Instance Instance; /* owned by its store, never freed before it */
typedef struct NativeModule NativeModule;
typedef struct Signature Signature;

typedef struct VMContext VMContext; /* laid out by abi/layout.py; header fields by VMContextHeader */

typedef struct VMFuncRef {
    void *code;
    uint32_t type_id;
    uint32_t flags; /* FUNCREF_HOST: vmctx is a HostFunc */
    void *vmctx;
} VMFuncRef;
#define FUNCREF_HOST 1u

/* ---- store.c, call.c, trap.c: what the object files (memory.c table.c global.c instance.c builtins.c) call ---- */

/* The store behind a Store or Caller argument if it is open, owned by `store_id` (0: any) and may be used by this
   thread now; NULL with an exception set otherwise (TypeError, StoreClosedError, StoreBusyError, WrongStoreError). */
Store *tp_store_for(PyObject *store_or_caller, uint64_t store_id);

/* Python value -> two little-endian words as generated code sees them (i32 zero-extended; a funcref is a VMFuncRef*,
   null is the shared null record; an externref is a PyObject*, None is 0, entered into the activations table). -1 with
   TypeError, ValueError or WasmError ("cross-`Store` values are not supported") set. */
int tp_value_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]);
PyObject *tp_value_to_python(Store *store, int kind, const uint64_t value[2]); /* new reference or NULL */

/* The shared null record of R-10. */
extern VMFuncRef tp_null_funcref;

/* A handle for a function record of this store (new reference). */
PyObject *tp_func_handle(Store *store, VMFuncRef *ref);

/* Leave the running wasm from inside a helper called by generated code; never return. No C frame between the
   generated code and the call may own anything. */
_Noreturn void tp_trap(Store *store, int trap);
_Noreturn void tp_unwind_with_python_error(Store *store); /* the Python exception is set, GIL held */

/* Around Python calls inside helpers: the GIL may have been released by the poll (adaptive policy). */
void tp_gil_take(Store *store);

/* Deferred reference counting of externrefs. A reference that enters wasm frames goes into the store's activations table; tables and
   globals own a count. GIL held for all of them (helpers take it when needed). */
void tp_externref_enter(Store *store, PyObject *object);

/* ---- code.c ---- */
extern void *tp_builtin_table[]; /* asm entry of each helper, in the order of abi/builtins.py */

#endif
