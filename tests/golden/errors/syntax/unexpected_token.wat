(module (func (i32.const 1 2)))

;; MalformedError: unexpected token 2: expected an instruction (line 1, column 28)
