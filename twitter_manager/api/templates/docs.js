"use strict";
// A key that is typed in stays in this page: it is gone when the page is closed.
SwaggerUIBundle({
  url: "api/v1/openapi.json",
  dom_id: "#docs",
  docExpansion: "list",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});

// Descriptions are Markdown there, summaries are not: their `code` is made here.
const codeInSummaries = () => {
  for (const summary of document.querySelectorAll(".opblock-summary-description")) {
    const parts = summary.textContent.split("`");
    if (parts.length < 3) continue;
    summary.replaceChildren(...parts.map((part, place) => {
      if (place % 2 === 0) return document.createTextNode(part);
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }));
  }
};
new MutationObserver(codeInSummaries).observe(document.getElementById("docs"), { childList: true, subtree: true });
