(module (memory 1) (func (drop (i32.load align=8 (i32.const 0)))))

;; InvalidError: alignment must not be larger than natural: i32.load says 2^3, natural is 2^2 (function 0, offset 0x1e)
