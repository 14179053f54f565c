(module (func $hypot (param i32 f32) (result i32) (i32.add (local.get 0) (local.get 1))))
