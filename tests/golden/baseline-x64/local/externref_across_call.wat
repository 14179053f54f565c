(module (import "m" "f" (func $f)) (func (param externref) (result externref) (call $f) (local.get 0)))
