(module
  (func (local.get $missing)))
