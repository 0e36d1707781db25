; Writes the layer tree of images as GIMP 2.10 sees it: (veetance-trees "list.txt" "trees.jsonl").
; The list holds a path a line; each answer is a line of JSON, {"file", "tree"} or {"file", "error"}.

(define (veetance-trees list-path out-path)
  (let ((files (open-input-file list-path))
        (out (open-output-file out-path)))
    (let next ((file (veetance-line files)))
      (if (> (string-length file) 0)
          (begin
            (display "{\"file\": " out)
            (display (veetance-quoted file) out)
            (let ((image (catch -1 (car (gimp-file-load RUN-NONINTERACTIVE file file)))))
              (if (< image 0)
                  (display ", \"error\": \"not opened\"}" out)
                  (begin
                    (veetance-image image out)
                    (gimp-image-delete image))))
            (newline out)
            (next (veetance-line files)))))
    (close-output-port out)))

(define (veetance-image image out)
  (display ", \"tree\": {\"width\": " out)
  (display (car (gimp-image-width image)) out)
  (display ", \"height\": " out)
  (display (car (gimp-image-height image)) out)
  (display ", \"depth\": " out)
  (display (if (< (car (gimp-image-get-precision image)) 200) 8 16) out)
  (display ", \"layers\": " out)
  (veetance-layers (gimp-image-get-layers image) out)
  (display "}}" out))

; GIMP counts from the top, a tree from the bottom.
(define (veetance-layers found out)
  (display "[" out)
  (let next ((index (- (car found) 1)))
    (if (>= index 0)
        (begin
          (veetance-layer (aref (cadr found) index) out)
          (if (> index 0) (display ", " out))
          (next (- index 1)))))
  (display "]" out))

(define (veetance-layer layer out)
  (let ((group (= TRUE (car (gimp-item-is-group layer))))
        (offsets (gimp-drawable-offsets layer))
        (mask (car (gimp-layer-get-mask layer))))
    (veetance-pair "kind" (if group "\"group\"" "\"pixels\"") out)
    (veetance-pair "name" (veetance-quoted (car (gimp-item-get-name layer))) out)
    (veetance-pair "visible" (veetance-flag (car (gimp-item-get-visible layer))) out)
    (veetance-pair "opacity" (round (* 2.55 (car (gimp-layer-get-opacity layer)))) out)
    (veetance-pair "mode" (car (gimp-layer-get-mode layer)) out)
    (veetance-pair "lock"
      (string-append "{\"transparency\": " (veetance-flag (car (gimp-layer-get-lock-alpha layer)))
                     ", \"pixels\": " (veetance-flag (car (gimp-item-get-lock-content layer)))
                     ", \"position\": " (veetance-flag (car (gimp-item-get-lock-position layer))) "}") out)
    (if (>= mask 0)
        (veetance-pair "mask"
          (string-append "{\"enabled\": " (veetance-flag (car (gimp-layer-get-apply-mask layer))) "}") out))
    (if group
        (begin
          (display ", \"children\": " out)
          (veetance-layers (gimp-item-get-children layer) out))
        (begin
          (veetance-pair "x" (car offsets) out)
          (veetance-pair "y" (cadr offsets) out)
          (veetance-pair "width" (car (gimp-drawable-width layer)) out)
          (veetance-pair "height" (car (gimp-drawable-height layer)) out)))
    (display "}" out)))

(define (veetance-pair key value out)
  (display (if (string=? key "kind") "{" ", ") out)
  (display (string-append "\"" key "\": ") out)
  (display value out))

(define (veetance-flag value) (if (= value TRUE) "true" "false"))

(define (veetance-quoted text)
  (let next ((left (string->list text)) (quoted "\""))
    (if (null? left)
        (string-append quoted "\"")
        (next (cdr left)
              (string-append quoted (veetance-escaped (car left)))))))

(define (veetance-escaped char)
  (cond ((char=? char #\newline) "\\n")
        ((char=? char #\tab) "\\t")
        ((or (char=? char #\") (char=? char #\\)) (string-append "\\" (make-string 1 char)))
        (else (make-string 1 char))))

(define (veetance-line port)
  (let next ((line ""))
    (let ((char (read-char port)))
      (if (or (eof-object? char) (char=? char #\newline))
          line
          (next (string-append line (make-string 1 char)))))))
