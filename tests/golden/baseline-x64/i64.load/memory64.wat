(module (memory i64 1) (func (param i64) (result i64) (i64.load offset=16 (local.get 0))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11, qword ptr [rdi + 8]
;;      f  mov r10, rdx
;;     12  mov rax, r10
;;     15  add rax, 0x18
;;     19  jb 0x34
;;     1f  mov rsi, qword ptr [rdi + 0x50]
;;     23  cmp rax, qword ptr [rsi + 8]
;;     27  ja 0x3a
;;     2d  mov rax, qword ptr [r11 + rax - 8]
;;     32  leave
;;     33  ret
;;     34  mov rax, qword ptr [rdi + 0x10]
;;     38  call qword ptr [rax]
;;     3a  mov rax, qword ptr [rdi + 0x10]
;;     3e  call qword ptr [rax]
