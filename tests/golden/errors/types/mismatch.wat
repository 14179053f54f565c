(module (func $hypot (param i32 f32) (result i32) (i32.add (local.get 0) (local.get 1))))

;; InvalidError: type mismatch: i32.add expects [i32 i32], found [i32 f32] (function 0, offset 0x1e)
