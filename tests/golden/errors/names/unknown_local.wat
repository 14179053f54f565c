(module
  (func (local.get $missing)))

;; MalformedError: unknown local $missing (line 2, column 20)
