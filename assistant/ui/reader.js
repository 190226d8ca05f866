// Runs once, when the reading panel appears. Opens the panel when an article has come and shows the quote it was opened
// for; when it is closed, forgets the article, so that the same one can come again.
watch("value", () => {
  const article = element.querySelector(".q-article");
  if (!element.textContent.trim()) return;
  window.quothReader(article ? "article" : "details");
  (article ?? element.querySelector(".q-panel"))?.focus({ preventScroll: true });
  if (!article || !window.quothFollow(article, article.dataset.current)) element.closest(".q-reader").scrollTop = 0;
});

new MutationObserver(() => {
  if (!document.querySelector(".q-frame").dataset.reader) props.value = "";
}).observe(document.querySelector(".q-frame"), { attributes: true, attributeFilter: ["data-reader"] });
