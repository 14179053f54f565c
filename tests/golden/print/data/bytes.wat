(module (memory 1) (data (i32.const 4) "a\00\ff\22\\ \u{1f40d}") (data $p "passive"))
