import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['tests/**/*.test.js'], pool: 'threads', maxWorkers: 2, reporters: ['dot'] } });
