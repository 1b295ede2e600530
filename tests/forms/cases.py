"""Hostile inputs. What PHP 8.2 makes of each is in observed_php82.json."""

TYPE = "multipart/form-data; boundary=B"
DISPOSITION = b"Content-Disposition: form-data; "


def part(header: bytes, data: bytes = b"v", *, eol: bytes = b"\r\n", boundary: bytes = b"B") -> bytes:
    return b"--" + boundary + eol + header + eol + eol + data + eol


def named(name: bytes, data: bytes = b"v") -> bytes:
    return part(DISPOSITION + b'name="' + name + b'"', data)


def disposed(words: bytes) -> bytes:
    """One part with these words, and one that shows whether PHP reads on."""
    return part(DISPOSITION + words) + named(b"z") + END


def of_length(boundary: bytes) -> tuple[str, bytes]:
    body = part(DISPOSITION + b'name="a"', boundary=boundary) + b"--" + boundary + b"--\r\n"
    return "multipart/form-data; boundary=" + boundary.decode(), body


END = b"--B--\r\n"
A = named(b"a", b"1")
FILE = part(DISPOSITION + b'name="f"; filename="x.txt"\r\nContent-Type: text/plain; charset=x', b"data")
NO_FILE = part(DISPOSITION + b'name="f"; filename=""\r\nContent-Type: text/plain', b"")

BODIES: dict[str, bytes] = {
    "plain": A + END,
    "no parts": END,
    "lf only": part(DISPOSITION + b'name="a"', b"1", eol=b"\n") + b"--B--\n",
    "lf only, value with line ends": part(DISPOSITION + b'name="a"', b"1\r\n\n2\r", eol=b"\n") + b"--B--\n",
    "bare cr does not end a line": A.replace(b"\r\n", b"\r") + END,
    "preamble": b"hello\r\n\r\n" + A + END,
    "preamble of one long line": b"x" * 5120 + A + END,
    "preamble of one line too short": b"x" * 5119 + A + END,
    "epilogue": A + END + b"bye",
    "parts after the closing boundary": A + END + named(b"b") + END,
    "no closing boundary": A,
    "cut in the value": A[:-4] + b"234",
    "cut in the line end": A[:-1],
    "cut in the boundary": A + b"-",
    "cut in the headers": b"--B\r\n" + DISPOSITION + b'name="a"\r\n',
    "cut in a header": b"--B\r\n" + DISPOSITION + b'name="a"',
    "cut after the headers": b"--B\r\n" + DISPOSITION + b'name="a"\r\n\r\n',
    "cut value ends in cr": b"--B\r\n" + DISPOSITION + b'name="a"\r\n\r\nhello\r',
    "empty value": named(b"a", b"") + END,
    "boundary right after the headers": b"--B\r\n" + DISPOSITION + b'name="a"\r\n\r\n' + named(b"b") + END,
    "value has line ends": named(b"a", b"1\r\n\r\n2\n") + END,
    "value has two dashes": named(b"a", b"1\r\n--\r\n--A\r\n--") + END,
    "value has a longer boundary": named(b"a", b"1\r\n--Boundary\r\nrest") + named(b"b") + END,
    "value has the boundary in a line": named(b"a", b"1 --B 2\r\n --B\r\n") + END,
    "boundary line with a blank": b"--B \r\n" + A[5:] + named(b"b") + END,
    "boundary line with a nul": b"--B\0junk\r\n" + A[5:] + END,
    "two boundary lines": b"--B\r\n" + A + END,
    "binary value": named(b"a", bytes(range(256))) + END,
    "value with nul": named(b"a", b"1\x002") + END,
    "invalid utf-8": named(b"a", b"\xc3\x28 \xff") + END,
    "utf-8": named("é".encode(), "żółw".encode()) + END,
    "same name": named(b"a", b"1") + named(b"a", b"2") + END,
    "array": named(b"a[]", b"1") + named(b"a[]", b"2") + named(b"b[x][y]", b"3") + END,
    "array after text": named(b"a", b"1") + named(b"a[]", b"2") + END,
    "text after array": named(b"a[]", b"1") + named(b"a", b"2") + END,
    "64 indices": named(b"a" + b"[x]" * 64) + END,
    "65 indices": A + named(b"a" + b"[x]" * 65) + named(b"z") + END,
    "no name": part(DISPOSITION + b"nome=a") + named(b"z") + END,
    "no words": part(b"Content-Disposition: form-data") + named(b"z") + END,
    "no disposition": part(b"X-Name: a") + named(b"z") + END,
    "no headers": b"--B\r\n\r\nv\r\n" + named(b"z") + END,
    "attachment": part(b'Content-Disposition: attachment; name="a"') + END,
    "name alone": part(b'Content-Disposition: name="a"') + END,
    "headers in capitals": part(b'CONTENT-DISPOSITION: FORM-DATA; NAME="a"') + END,
    "no blank after the colon": part(b'content-disposition:form-data;name="a"') + END,
    "blank before the colon": part(b'Content-Disposition : form-data; name="a"') + named(b"z") + END,
    "two dispositions": part(DISPOSITION + b'name="a"\r\n' + DISPOSITION + b'name="b"') + END,
    "folded": part(b'Content-Disposition: form-data;\r\n\tname="a"') + END,
    "folded in the name": part(DISPOSITION + b'name="a\r\n b"') + END,
    "folded without a blank": part(DISPOSITION + b'name="a\r\nb"') + END,
    "header of 5120 bytes": part(b"X: " + b"x" * 5117 + b"\r\n" + DISPOSITION + b'name="a"')
    + named(b"z")
    + END,
    "header of 5119 bytes": part(b"X: " + b"x" * 5115 + b"\r\n" + DISPOSITION + b'name="a"') + END,
    "header in slices": part(b"X: " + b"x" * 5117 + DISPOSITION + b'name="a"') + END,
    "nul ends a header": part(DISPOSITION + b'name="a\0b"; filename="q"') + END,
    "nul ends the headers": b"--B\r\n" + DISPOSITION + b'name="a"\r\n\0x: y\r\nv\r\n' + END,
    "transfer encoding": part(DISPOSITION + b'name="a"\r\nContent-Transfer-Encoding: base64', b"MQ==") + END,
    "text with a type": part(DISPOSITION + b'name="a"\r\nContent-Type: application/json', b"{}") + END,
    "charset": part(DISPOSITION + b'name="a"\r\nContent-Type: text/plain; charset=latin1', b"\xe9") + END,
    "_charset_": named(b"_charset_", b"latin1") + named(b"a", b"\xe9") + END,
    "nested multipart": part(
        DISPOSITION + b'name="a"\r\nContent-Type: multipart/mixed; boundary=C', b"--C\r\n"
    )
    + END,
    "file": FILE + END,
    "no file chosen": NO_FILE + END,
    "file cut off": FILE[:-2],
    "file after text": named(b"f") + FILE + END,
    "text after file": FILE + named(b"f") + END,
    "files of one name": FILE + NO_FILE + END,
    "file array": FILE.replace(b'"f"', b'"f[]"') + END,
    "file path": FILE.replace(b"x.txt", b"C:\\\\x/y\\\\z.txt") + END,
    "file without a name": FILE.replace(b'name="f"; ', b"") * 2 + END,
    "file with an empty name": FILE.replace(b'"f"', b'""') + A + END,
    "file name open bracket": FILE.replace(b'"f"', b'"f["') + FILE + A + END,
    "file name close bracket": FILE.replace(b'"f"', b'"f]"') + FILE + A + END,
    "file name text after index": FILE.replace(b'"f"', b'"f[x]y"') + FILE + A + END,
    "file name is mangled": FILE.replace(b'"f"', b'" f.g[h.i]"') + END,
    "file 64 indices": FILE.replace(b'"f"', b'"f' + b"[x]" * 64 + b'"') + END,
    "21 files": b"".join(FILE.replace(b'"f"', b'"f%d"' % n) for n in range(21)) + A + END,
    "json": b'{"a": 1}',
    "urlencoded": b"a=1&b=2",
    **{
        f"words: {words.decode('latin-1')}": disposed(words)
        for words in (
            b"name=a",
            b"name=a b",
            b"name='a b'",
            b'name="a\\"b"',
            b'name="a\\\\b"',
            b'name="a\\b"',
            b'name="a\'b"',
            b"name='a\"b'",
            b'name="a;b"',
            b"name=a;b",
            b'name ="a"',
            b'name= "a"',
            b'name=="a"',
            b';;name="a"',
            b'name="a',
            b'name="a"b"',
            b'name="a"; name="b"',
            b"name*=utf-8''x; name=\"a\"",
            b'name="a" filename="q"',
            b'name="x=y"',
            b"name=x=y",
            b"name=a\\\\b\\c",
            b'filename="x"; name=',
            b'filename*="x"; name=a',
            b'x="name=c"; name=a',
            b'x=";name=q"',
            b'name="a%20b+c%22"',
            b'name="a\\\\"; filename="q"',
        )
    },
}

CONTENT_TYPES: dict[str, bytes] = {
    'multipart/form-data; boundary="B"': b"B",
    "multipart/form-data; boundary=B; x=y": b"B",
    "multipart/form-data; boundary=B,x": b"B",
    "multipart/form-data; boundary=B ;x": b"B",
    "multipart/form-data; boundary= B": b" B",
    "multipart/form-data; boundary = B": b" B",
    "multipart/form-data; BOUNDARY=Bc": b"Bc",
    "multipart/form-data; BOUNDARY=x; boundary=B": b"B",
    "multipart/form-data; boundaryless=B": b"B",
    "multipart/form-data; boundary": b"B",
    "multipart/form-data; boundary=": b"",
    'multipart/form-data; boundary=""': b"",
    'multipart/form-data; boundary="B': b"B",
    'multipart/form-data; boundary="B,;x"': b"B,;x",
    "multipart/form-data; boundary='B'": b"'B'",
    'multipart/form-data; x="boundary=q"; boundary=B': b'q"',
    'multipart/form-data; boundary="a\\"b"': b"a\\",
    "MULTIPART/FORM-DATA; boundary=B": b"B",
    "multipart/form-data boundary=B": b"B",
    "multipart/form-data,boundary=B": b"B",
    "multipart/mixed; boundary=B": b"B",
    "multipart/form-data": b"B",
}

BOUNDARY_LENGTHS = (70, 71, 200, 5115, 5116, 5117)
