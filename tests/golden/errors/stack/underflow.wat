(module (func (drop)))
