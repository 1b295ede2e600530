"""Hostile names, urlencoded bodies and texts; what PHP 8.2 makes of each is in observed_php82.json."""


def _words(text: str) -> list[str]:
    return text.split()


NAMES = [
    *_words("""
    a] a[ a[b a[b.c-d[e a[b]c a[b][c a[b]c[d] a[b.c] a.b[c.d] a[] [a] [ [] ] ]a a[[b] a[[b]] a[]]
    __Host-x _.Host-x ..Secure-x __Secure-x _[Host-x _[Secure-x __Host-[x] _.Host-[x] .[Host-x] _.host-x
    this GLOBALS 0 01 -1 é a%20b
    """),
    "",
    " ",
    " a",
    "  a",
    "a b.c",
    "a ",
    "\ta",
    "a\tb",
    "a[ b]",
    "a[ ]",
    "a[\t]",
    "a[  ]",
    "a[x] [y]",
]

URLENCODED = [
    *_words("""
    a=1 a a= =1 & &&a=1&& a=1&a=2 a=1&a[]=2 a[]=2&a=1 a+b=c+d a%20b=c%2 a=%zz%4 a=%41%e9%C3%A9 a%00b=1
    %00=1 a=1%002 a.b=1 a%5Bx%5D=1 a%5bx=1 %20a=1 +a=1 a==b a=b=c a;b=1 a=1;b=2 a%26b=1%26 a%=1 %61=1
    a=%F0%9F%92%A9 a[x][y]=1&a[x]=2 _%5BHost-x=1 __%48ost-x=1 a[%20]=1 a[b%00]=2 a=1&a[=2 {%22a%22:1}
    a=%+1
    """),
    "a=1&a" + "[x]" * 65 + "=1&z=2",
    "a" + "[x]" * 65 + "=1&a=1",
]

NUMBERS = [
    *_words("""
    0 1 -1 +5 007 1.9 -1.9 1e3 1E3 1e 1e+ 1e- 1.e3 .5 .5e1 -.5e2 .e1 . - + 0x1A 0b11 0o7 1_0 1,5 abc
    1abc 1e5abc 1.5.5 --5 5- inf nan INF 1e18 1e19 -1e19 1e400 -1e400 1e-5 123e-1 0e9 ١ １
    9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
    99999999999999999999 9223372036854775807.0 9223372036854774784.0 9007199254740993 9007199254740993.0
    10000000000000000000000e-5 9223372036854775808abc 000000000000000000000000000012
    12345678901234567890123e-20 0.0000000000000000000000001e26
    """),
    "",
    " ",
    " 1",
    "1 ",
    " \t\n\r\v\f7",
    "\0007",
    "7\0008",
    "\xa07",
    "+ 5",
    "9" * 308,
    "9" * 310,
    "-" + "9" * 310,
]

TAGS = [
    "plain",
    "a<b>c</b>d<br/>e",
    "a < b > c",
    "a <b",
    "a<",
    "a<\n>b",
    "<>a",
    "a > b",
    "1<2>3",
    '<a title="x>y">z',
    "<a title='x\">y'>z",
    "<a x'>lost",
    "<a <b>> c",
    "<a <b> lost",
    "<a < b> c",
    "a\0b<i\0>c",
    "<!-- a > b -->c",
    '<!-- " -->c',
    "<!-->c",
    "<!--->c",
    "<!-->x-->c",
    "<!-- lost",
    '<a t="<!-- ">lost-->d',
    "<!DOCTYPE html>a",
    '<!doctype "a>lost',
    '<!"a>b">c',
    '<!\\"a>b">c',
    "<!a<b>c>d",
    "<![CDATA[x>y]]>z",
    '<?php echo ">" ?>c',
    "<?php ( ?>c)?>d",
    '<?php "\\"?>lost',
    "<? > ?>c",
    "<?>c",
    "<?xml a>lost",
    "x<?xml a>b",
    "x<?XML a->b>c",
    "x<? xml a>lost",
    "<<!---->> a > b",
    "\n<?xml<!----><b>doctype-->E>-->",
    "<script>alert('x')</script>",
    "&lt;b&gt;",
    '<b\ttitle="é\'>">é',
]

BLANKS = ["", " ", " a ", "\t\n\r\0\va b\v\0\r\n\t ", "\fa\f", "\xa0a\xa0", "\u2003a", "\x1ca\x1f"]

TRUTHS = ["", "0", "00", "0.0", " ", "\0", "false", "1", "-0"]
