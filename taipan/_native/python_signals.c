/* One question that CPython's API does not answer: has a signal arrived that Python has not handled yet?

   Asking PyErr_CheckSignals needs the GIL. Taking it every 4 ms from the main thread, while another thread computes in
   Python, would cost wasm half its time: each time it waits for the other's switch interval. So this file, and no
   other, reads a flag inside CPython where its place is known. The flag stays set longer than the question needs (until
   bytecode runs again); and the answer is only a hint, the poll asks properly every so often whatever this says. */
#if defined(__has_include) && __has_include(<internal/pycore_runtime.h>)
#define Py_BUILD_CORE 1
#endif
#include "runtime.h"

#if defined(Py_BUILD_CORE) && PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
#include <internal/pycore_runtime.h>

bool tp_python_signals_pending(void) { return _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) != 0; }

#else

bool tp_python_signals_pending(void) { return true; }

#endif
