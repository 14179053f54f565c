(module (global $g i32 (i32.const 1)) (func (global.set $g (i32.const 2))))

;; InvalidError: immutable global: global 0 (function 0, offset 0x21)
