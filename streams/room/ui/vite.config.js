import { defineConfig } from "vite";
/** The page is served by the hub under a strict content policy: nothing inline, nothing as a data address. */
export default defineConfig({
    base: "/",
    build: {
        outDir: "../static",
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 1200,
        target: "es2022",
    },
});
