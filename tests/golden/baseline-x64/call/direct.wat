(module (func $f (param i32) (result i32) (local.get 0))
  (func (result i32) (i32.add (call $f (i32.const 1)) (call $f (i32.const 2)))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov eax, r11d
;;     11  leave
;;     12  ret
;; function 1:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x49
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov edx, 1
;;     20  mov rdi, r15
;;     23  call 0x28
;;     28  mov eax, eax
;;     2a  mov dword ptr [rbp - 0x10], eax
;;     2d  mov edx, 2
;;     32  mov rdi, r15
;;     35  call 0x3a
;;     3a  mov eax, eax
;;     3c  mov esi, dword ptr [rbp - 0x10]
;;     3f  add esi, eax
;;     41  mov eax, esi
;;     43  mov r15, qword ptr [rbp - 8]
;;     47  leave
;;     48  ret
;;     49  mov rax, rsp
;;     4c  add rsp, 0x10
;;     53  push r15
;;     55  push r15
;;     57  mov r15, rdi
;;     5a  mov r11, qword ptr [r15 + 0x10]
;;     5e  call qword ptr [r11 + 8]
;;     62  pop r15
;;     64  pop r15
;;     66  sub rsp, 0x10
;;     6d  jmp 0x14
