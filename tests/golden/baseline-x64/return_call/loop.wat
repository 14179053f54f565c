(module (func $f (param i32) (result i32)
  (if (result i32) (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 5)))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x46
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov r10d, edx
;;     1e  test r10d, r10d
;;     21  je 0x3b
;;     27  lea eax, [r10 - 1]
;;     2b  mov rdx, rax
;;     2e  mov rdi, r15
;;     31  mov r15, qword ptr [rbp - 8]
;;     35  leave
;;     36  jmp 0x3b
;;     3b  mov eax, 5
;;     40  mov r15, qword ptr [rbp - 8]
;;     44  leave
;;     45  ret
;;     46  mov rax, rsp
;;     49  add rsp, 0x10
;;     50  push r15
;;     52  push r15
;;     54  mov r15, rdi
;;     57  mov r11, qword ptr [r15 + 0x10]
;;     5b  call qword ptr [r11 + 8]
;;     5f  pop r15
;;     61  pop r15
;;     63  sub rsp, 0x10
;;     6a  jmp 0x14
