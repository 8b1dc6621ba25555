"use strict";
// The page is complete without this: it adds sorting, larger pictures and a copy button.
(() => {
  const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

  const valueOf = (cell) => {
    const stored = cell.dataset.value;
    return stored === undefined ? null : Number(stored);
  };

  const sortBy = (table, column, down) => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.sort((one, other) => {
      const [a, b] = [one.cells[column], other.cells[column]];
      const [x, y] = [valueOf(a), valueOf(b)];
      if (x === null && y === null) {
        const order = a.textContent.localeCompare(b.textContent, "en", { numeric: true });
        return down ? -order : order;
      }
      if (x === null || y === null) return x === null ? 1 : -1;
      return down ? y - x : x - y;
    });
    body.append(...rows);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sortBy(table, column, down);
      });
    });
  }

  const pictures = [...document.querySelectorAll(".examples img")];
  if (pictures.length && "HTMLDialogElement" in window) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "Still from the film");
    const large = document.createElement("img");
    const words = document.createElement("p");
    const close = make("button", "Close");
    close.type = "button";
    dialog.append(large, words, close);
    document.body.append(dialog);
    dialog.addEventListener("click", () => dialog.close());
    for (const picture of pictures) {
      const show = () => {
        large.src = picture.src;
        large.alt = picture.alt;
        words.textContent = picture.alt;
        dialog.showModal();
      };
      picture.tabIndex = 0;
      picture.setAttribute("role", "button");
      picture.addEventListener("click", show);
      picture.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          show();
        }
      });
    }
  }

  const methods = document.getElementById("methods-text");
  if (methods && navigator.clipboard) {
    const copy = make("button", "Copy");
    copy.type = "button";
    copy.className = "copy";
    copy.addEventListener("click", () => {
      navigator.clipboard.writeText(methods.querySelector("p").textContent).then(
        () => { copy.textContent = "Copied"; },
        () => { copy.textContent = "Select the text to copy it"; },
      );
    });
    methods.append(copy);
  }
})();
