(module (import "m" "f" (func $f (param i64) (result i64))) (func (result i64) (call $f (i64.const 1))))
