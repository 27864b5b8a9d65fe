/* How a page is written: escaping, its head with the policy, the style and the script. */
#include "html.h"
#include <mxpull/base/text.h>

#include <stdarg.h>
#include <string.h>

/* What is neither bright nor dark, then the colours of both; what is printed is bright. Marks differ by their shape, too. */
static const char style[] =
    ":root{color-scheme:light "
    "dark;--back:#fff;--box:#f6f7f9;--line:#c9ced6;--text:#1c222d;--dim:#566071;"
    "--good:#16794a;--held:#46689a;--late:#9a5700;--bad:#b3261e;--down:#6a4bb0;--mail:#2a6cb8}\n"
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--back:#13161b;--box:#1b2027;--line:#3a424e;"
    "--text:#e7eaf0;--dim:#a5aebc;--good:#4cc38a;--held:#8fb1e0;--late:#f0b24a;--bad:#ff7d73;--"
    "down:#b79ff7;"
    "--mail:#6fb0f5}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1rem "
    "3rem;max-width:62rem;background:var(--back);color:var(--text);"
    "font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.5rem;margin:0}\n"
    "h2{font-size:1.15rem;margin:2.25rem 0 .75rem}\n"
    "p,ul,dl{margin:.5rem 0}\n"
    ".dim{color:var(--dim)}\n"
    ".good{color:var(--good)}.held{color:var(--held)}.late{color:var(--late)}.bad{color:var(--bad)}"
    "\n"
    ".icon{width:.9em;height:.9em;margin-right:.35em;vertical-align:-.08em}\n"
    ".wrong{list-style:none;padding:0}\n"
    ".wrong li{margin:.5rem 0;padding:.6rem .9rem;background:var(--box);border-left:.3rem solid "
    "var(--dim);"
    "border-radius:.25rem}\n"
    ".wrong .bad{border-color:var(--bad)}.wrong .late{border-color:var(--late)}\n"
    ".wrong .good{border-color:var(--good)}\n"
    ".wrong .what{color:var(--text)}\n"
    ".wrong .do{display:block;color:var(--dim)}\n"
    ".facts{list-style:none;padding:0}\n"
    "figure{margin:0 0 1rem;padding:.75rem .9rem;background:var(--box);border-radius:.5rem}\n"
    "figcaption{margin-bottom:.5rem}\n"
    ".scroll{overflow-x:auto}\n"
    ".chart{display:flex;direction:rtl}\n" /* a narrow screen shows the newest first */
    ".chart svg{direction:ltr;min-width:0;flex:686 0 38.11rem}\n" /* as wide as their viewBox */
    ".chart svg+svg{position:sticky;left:0;background:var(--box);flex:34 0 1.89rem}\n"
    "svg text{font:10px system-ui,sans-serif;fill:var(--dim)}\n"
    ".axis{stroke:var(--line);fill:none}\n"
    ".g{stroke:var(--good);stroke-width:6}use[href='#g'],use[href='#d']{fill:var(--good)}\n"
    ".h{fill:none;stroke:var(--held)}use[href='#h']{fill:var(--held)}\n"
    "use[href^='#t']{fill:var(--late)}use[href^='#b'],use[href='#f']{fill:var(--bad)}\n"
    ".o{fill:var(--down);fill-opacity:.16;stroke:var(--down)}\n"
    ".m{fill:var(--mail);stroke:var(--mail)}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.25rem "
    "1.25rem;padding:0;list-style:none;font-size:.9rem}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
    "caption{text-align:left;color:var(--dim);padding-bottom:.4rem}\n"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid "
    "var(--line)}\n"
    "td{min-width:4.5rem;overflow-wrap:break-word}\n"
    ".time{white-space:nowrap}\n"
    ".said{min-width:14rem;overflow-wrap:anywhere}\n"
    "th "
    "button{font:inherit;font-weight:600;color:inherit;background:none;border:0;padding:0;text-"
    "align:left;"
    "white-space:nowrap}\n"
    ".js th button{cursor:pointer}.js th button:hover{text-decoration:underline}\n"
    ".js th button::after{content:'\\2195';padding-left:.3em;color:var(--dim)}\n"
    ".js [aria-sort=ascending] button::after{content:'\\2191';color:inherit}\n"
    ".js [aria-sort=descending] button::after{content:'\\2193';color:inherit}\n"
    ":focus-visible{outline:2px solid var(--mail);outline-offset:2px}\n"
    "@media print{@page{margin:1.5cm}:root{font-size:9.5pt}body{max-width:none;padding:0}.chart "
    "svg{flex-shrink:1}"
    ".scroll{overflow:visible}figure,li,tr{break-inside:avoid}figure,.wrong li{border:1px solid "
    "var(--line)}"
    "h2{break-after:avoid}*{print-color-adjust:exact}.js th button::after{content:none}"
    "td,.said{min-width:0}.time{white-space:normal}}\n";

static const char script[] =
    "'use strict';\n"
    "document.documentElement.classList.add('js');\n"
    "document.querySelectorAll('th button').forEach(function (button) {\n"
    "  button.addEventListener('click', function () {\n"
    "    var head = button.closest('th'), body = head.closest('table').tBodies[0];\n"
    "    var falls = head.getAttribute('aria-sort') === 'ascending';\n"
    "    function key(row) {\n"
    "      var cell = row.cells[head.cellIndex];\n"
    "      return 'key' in cell.dataset ? Number(cell.dataset.key) : cell.textContent;\n"
    "    }\n"
    "    function compare(a, b) {\n"
    "      var x = key(a), y = key(b);\n"
    "      var order = typeof x === 'number' ? x - y : x.localeCompare(y);\n"
    "      return falls ? -order : order;\n"
    "    }\n"
    "    Array.from(head.parentNode.cells).forEach(function (cell) {\n"
    "      cell.removeAttribute('aria-sort');\n"
    "    });\n"
    "    head.setAttribute('aria-sort', falls ? 'descending' : 'ascending');\n"
    "    Array.from(body.rows).sort(compare).forEach(function (row) { body.appendChild(row); });\n"
    "  });\n"
    "});\n";

/* Of the two texts above, as the policy has them; the test of the page works them out anew. */
#define STYLE_HASH "sha256-TE/VMZipJO9SRmu0QsdURfmDlJfPZkuDszKNcWj0Jvo="
#define SCRIPT_HASH "sha256-aTyCxr5x4cW1oqmvKQpwc4X3e0IJKE5GHZf+M/p9xP0="

/* The shapes, around the point 0,0: good, held, temporary, bad, the last two also narrow; a drill that went well, and one
 * that failed. */
static const char shapes[] =
    "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" xmlns=\"http://www.w3.org/2000/svg\"><defs>"
    "<path id=\"g\" d=\"M-6-3H6V3H-6z\"/>"
    "<path id=\"h\" d=\"M-5-5H5V5H-5zM-3-3V3H3V-3z\"/>"
    "<path id=\"t\" d=\"M0-6 6 5H-6z\"/>"
    "<path id=\"b\" d=\"M-4-6 0-2 4-6 6-4 2 0 6 4 4 6 0 2-4 6-6 4-2 0-6-4z\"/>"
    "<path id=\"t2\" d=\"M0-6 3 4H-3z\"/>"
    "<path id=\"b2\" d=\"M-2-5 0-2 2-5 3-4 1 0 3 4 2 5 0 2-2 5-3 4-1 0-3-4z\"/>"
    "<path id=\"d\" d=\"M0-5A5 5 0 0 1 0 5 5 5 0 0 1 0-5z\"/>"
    "<path id=\"f\" d=\"M0-6 6 0 0 6-6 0z\"/>"
    "</defs></svg>\n";

static void append(struct html *html, const char *bytes, size_t size)
{
    if (buffer_append(html->target, bytes, size) != STATUS_OK)
        html->is_full = true;
}

void html_markup(struct html *html, const char *format, ...)
{
    char markup[1024];
    va_list arguments;

    va_start(arguments, format);
    text_format(markup, sizeof markup, format, arguments);
    va_end(arguments);
    append(html, markup, strlen(markup));
}

void html_shown(struct html *html, const char *text)
{
    static const struct {
        char character;
        const char *reference;
    } special[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    while (*text != '\0') {
        size_t plain = strcspn(text, "&<>\"'");

        append(html, text, plain);
        text += plain;
        for (size_t i = 0; i < COUNT_OF(special); i++) {
            if (*text == special[i].character)
                append(html, special[i].reference, strlen(special[i].reference));
        }
        text += *text != '\0';
    }
}

/* An escape takes four bytes. */
void html_text(struct html *html, const char *text)
{
    struct buffer shown;
    size_t size = strlen(text);

    buffer_init(&shown, 4 * size);
    text_printable(&shown, text, size);
    html_shown(html, shown.bytes);
    buffer_done(&shown);
}

void html_begin(struct html *html, const char *title)
{
    html_markup(html, "<!DOCTYPE html>\n"
                      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
                      "<meta charset=\"utf-8\"/>\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src '" STYLE_HASH "'; script-src '" SCRIPT_HASH "'; "
                      "base-uri 'none'; form-action 'none'\"/>\n"
                      "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
                      "<meta name=\"robots\" content=\"noindex\"/>\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                      "<title>");
    html_text(html, title);
    html_markup(html, "</title>\n<style>");
    append(html, style, sizeof style - 1);
    html_markup(html, "</style>\n</head>\n<body>\n");
    append(html, shapes, sizeof shapes - 1);
}

void html_end(struct html *html)
{
    html_markup(html, "<script>");
    append(html, script, sizeof script - 1);
    html_markup(html, "</script>\n</body>\n</html>\n");
}
