// What is measured of a page inside the browser: contrast, width, where the focus is. Each function runs there whole.

/**
 * The texts whose contrast to what is behind them is below `least` (WCAG 2.2, 1.4.3), and how many texts were looked at.
 * Backgrounds are plain colours; a see-through one shows what is behind it.
 */
export const faint = (page, least) =>
  page.evaluate((least) => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => {
      const [r, g, b] = numbers(colour).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    const isSolid = (colour) => (numbers(colour)[3] ?? 1) === 1;
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (isSolid(colour)) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = { looked: 0, faint: [], paper: behind(document.body) };
    while (texts.nextNode()) {
      const text = texts.currentNode.data.trim();
      if (!text) continue;
      const element = texts.currentNode.parentElement;
      const measured = contrast(getComputedStyle(element).color, behind(element));
      found.looked += 1;
      if (!(measured >= least)) found.faint.push(`${text}: ${measured.toFixed(2)}`);
    }
    return found;
  }, least);

/** How many pixels of the page lie beyond its right edge. */
export const overhang = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

/** The words on what has the focus, and whether its outline can be seen. */
export const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const isSeen = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 && !/, 0\)$/.test(outlineColor);
    return { name: element === document.body ? undefined : element.textContent, isSeen };
  });

/** What a page has to have so that everybody finds their way: what is missing, in words. */
export const missing = (page) =>
  page.evaluate(() => {
    const problems = [];
    const wants = (is, what) => is || problems.push(what);
    const all = (selector) => [...document.querySelectorAll(selector)];
    wants(document.doctype?.name === 'html', 'a doctype');
    wants(document.documentElement.lang === 'en', 'a language');
    wants(document.title.trim(), 'a title');
    wants(document.characterSet === 'UTF-8', 'a character set');
    wants(document.querySelector('meta[name=viewport]')?.content.includes('width=device-width'), 'a viewport');
    wants(!/user-scalable=no|maximum-scale/.test(document.querySelector('meta[name=viewport]')?.content), 'free zoom');
    wants(all('main').length === 1, 'one main region');
    const levels = all('h1,h2,h3,h4,h5,h6').map((heading) => Number(heading.tagName[1]));
    wants(levels[0] === 1 && levels.filter((level) => level === 1).length === 1, 'one first heading, first');
    wants(levels.every((level, at) => at === 0 || level <= levels[at - 1] + 1), 'headings without a gap');
    wants(all('h1,h2,h3,h4,h5,h6').every((heading) => heading.textContent.trim()), 'words in each heading');
    wants(all('button').every((button) => button.textContent.trim() && button.type === 'submit'), 'words on each button');
    wants(all('[role=group]').every((group) => group.ariaLabel), 'a name of each group');
    wants(all('dl').every((list) => [...list.children].every(({ tagName }) => /^D[TD]$/.test(tagName))), 'a sound list');
    wants(all('ul').every((list) => [...list.children].every(({ tagName }) => tagName === 'LI')), 'sound items');
    wants(all('[tabindex]').length === 0, 'the natural order of focus');
    wants(all('input:not([type=hidden]),select,textarea').every((input) => input.labels.length), 'a label of each input');
    const ids = all('[id]').map(({ id }) => id);
    wants(new Set(ids).size === ids.length, 'ids that are unique');
    wants(all('button').every((button) => button.getBoundingClientRect().height >= 24), 'buttons that can be hit');
    return problems;
  });
