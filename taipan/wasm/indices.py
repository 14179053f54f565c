"""One integer type per index space: free at run time, and mixing two is a type error.

`FuncIdx` counts imported functions first; `DefinedFuncIdx` starts at the first function the module defines.
`Module.defined_func` and `Module.func_of_defined` are the only places that convert.
"""

from __future__ import annotations

from typing import NewType

TypeIdx = NewType("TypeIdx", int)
FuncIdx = NewType("FuncIdx", int)
DefinedFuncIdx = NewType("DefinedFuncIdx", int)
TableIdx = NewType("TableIdx", int)
MemIdx = NewType("MemIdx", int)
GlobalIdx = NewType("GlobalIdx", int)
TagIdx = NewType("TagIdx", int)
ElemIdx = NewType("ElemIdx", int)
DataIdx = NewType("DataIdx", int)
LocalIdx = NewType("LocalIdx", int)
LabelIdx = NewType("LabelIdx", int)
FieldIdx = NewType("FieldIdx", int)
