(module (func (param i32) (result i32)
  (if (local.get 0) (then (local.set 0 (i32.mul (local.get 0) (local.get 0)))))
  (local.get 0)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10, qword ptr [rdi + 0x38]
;;     12  cmp qword ptr [r10], -1
;;     16  jge 0x3e
;;     1c  test r11d, r11d
;;     1f  je 0x31
;;     25  imul r11d, r11d
;;     29  mov r10, qword ptr [rdi + 0x38]
;;     2d  add qword ptr [r10], 4
;;     31  mov eax, r11d
;;     34  mov r10, qword ptr [rdi + 0x38]
;;     38  add qword ptr [r10], 4
;;     3c  leave
;;     3d  ret
;;     3e  mov r10, qword ptr [rdi + 0x38]
;;     42  add qword ptr [r10], 1
;;     46  mov rax, qword ptr [rdi + 0x10]
;;     4a  call qword ptr [rax]
